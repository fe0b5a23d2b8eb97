from apps import report

application = report

<?php
$body = str_starts_with($_SERVER["REQUEST_URI"], "/page")
	? "<!doctype html>\n" . str_repeat("<p>The quick brown fox jumps over the lazy dog.</p>\n", 394)
	: "hello, world\n";
header("Content-Type: text/html");
header("Content-Length: " . strlen($body));
echo $body;

package deploy

import (
	"net"
	"strings"
)

// server makes [server] of [server:main], by what the servers of Python call it: host and port, or listen,
// which waitress has. What else such servers may be told is a warning.
func (p *paste) server(name string) {
	if name != "main" || p.order[p.file.name] > 0 {
		p.warnings.add(p.in.at, p.in.name, "this does nothing here: only [server:main] of the file that is served counts", "")
		return
	}
	var host, port *value
	listen := &value{at: p.in.at, form: listForm}
	for _, e := range p.in.table.entries {
		v := p.expanded(e.value)
		switch e.key {
		case "host":
			host = v
		case "port":
			port = v
		case "listen":
			listen.list = append(listen.list, v.fields()...)
		case "use":
			p.warnings.add(v.at, p.in.name, "the program that reads the file is the server instead, by host, port and listen", "")
		default:
			p.warnings.add(e.at, p.in.name, "this does nothing here: only host, port and listen do", "")
		}
	}
	if host != nil || port != nil {
		listen.list = append(listen.list, hostPort(host, port))
	}
	for _, v := range listen.list {
		if rest, ok := strings.CutPrefix(v.text, "*:"); ok {
			v.text = ":" + rest
		}
	}
	if len(listen.list) > 0 {
		t := &table{entries: []*entry{{key: "listen", at: p.in.at, value: listen, file: p.file}}}
		p.file.server = &value{at: p.in.at, form: tableForm, table: t}
	}
}

// hostPort makes an address of two values, one of which may be nil.
func hostPort(host, port *value) *value {
	at, h, n := host, "127.0.0.1", "8080"
	if host != nil {
		h = strings.Trim(host.text, "[]")
	}
	if port != nil {
		at, n = port, port.text
	}
	return &value{at: at.at, form: textForm, text: net.JoinHostPort(h, n), loose: true}
}

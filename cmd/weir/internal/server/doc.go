// Package server serves a site as the [server] section of its file says: where it listens, with which certificates,
// for how long, and how it ends.
//
//	log, err := server.Logger(site.Server().Log, stdout, stderr)
//	…
//	s, err := server.Listen(site.Server(), log.Logger)
//	…
//	err = s.Serve(ctx, handler, nil)
//
// When the file is read again, Reloaded counts it, log.SetLevel takes the level, and NeedsRestart says whether more of
// [server] has changed. At SIGHUP, log.Reopen opens the file of the log again.
//
// # Addresses
//
// Listen opens all addresses, or none. A unix socket is made with mode 0660; a file that a program left behind when it
// died is replaced. "systemd" is all sockets that systemd passed, "systemd:NAME" those of one name
// (FileDescriptorName= in the .socket unit). With them, a restart loses no connection: systemd keeps the sockets open,
// and who connects meanwhile waits. There is no other graceful restart.
//
// # TLS
//
// With [server.tls] or [server.acme], a site is served by TLS, with HTTP/2 and HTTP/1.1, at all addresses except
// three kinds, which stay plain: a unix socket, as there is a server in front of it, serves the site; port 80, and what is
// written "http://HOST:PORT", sends a GET or HEAD to https (308), answers the challenges of ACME (HTTP-01) and refuses
// all else.
//
// Certificates by ACME are for the hosts in the file and for no others. They are got when the server starts, by
// TLS-ALPN-01 on the port 443 that has to lead here, or else by HTTP-01 on port 80.
//
// # The end
//
// When its context ends, the server stops to listen and is no longer ready; streams are told, requests in flight
// have [deploy.Server] ShutdownTimeout to finish, and then they are cut. Connections that an application took
// over, such as WebSockets, are not waited for: the contexts of their requests end.
//
// # Admin
//
// The address of [server.admin] has /healthz, /readyz, /metrics and, if asked for, /debug/pprof/. Only this machine
// can reach it. It answers until the last request is done. A reload that fails leaves it ready, as the old site is still
// served well: weir_reloads_total tells.
package server

// Package deploy makes a site of a file: the file names applications, filters and how they go
// together, and out comes an http.Handler. It has the role that PasteDeploy has for WSGI.
//
//	[app.main]                # the site
//	use = "mounts"
//	"/code/" = "gitweb"
//	"/shop/" = "shop"
//
//	[app.gitweb]
//	use = "cgi"
//	path = "/usr/share/gitweb/gitweb.cgi"
//	filters = ["access-log", "gzip"]
//
//	[app.shop]
//	use = "wsgi"
//	app = "shop.wsgi"
//	dir = "shop"
//
//	[filter.gzip]
//	use = "compress"
//	min-size = "1KiB"
//
// Load reads the file and checks all of it, Build makes the handler. What a file may use is a Set, an
// ordinary value: that of Builtin, and whatever a program adds in one line by Filter and App. There is no
// registry.
//
// # Sections
//
// The file is TOML 1.0. A section is app.NAME, filter.NAME or pipeline.NAME, in brackets; [globals] and
// [server] are beside them. The site is the app or pipeline main.
//
// The key use says what an app or a filter is: a part of the set, or another section of the same kind. From
// a section it inherits all keys, and its own ones win; a key whose value is a table is one key. Paths stay
// relative to the file in which they stand. A section wins over a part of the same name, but does not use
// itself: in [filter.compress], compress is the part. Without use, a section is the part of its own name.
//
// The key filters of an app names the filters around it, outermost first. In a pipeline, the key stack
// names filters, outermost first, and at its end an app or a pipeline. Nothing is ever sorted. All other
// keys are those of the part, as Filter and App have them.
//
// Where an app or a filter is named, the name is that of a section, or "file.toml#NAME" of one in another
// file, whose name is relative to the folder of the one that says so; or that of a part which needs no
// keys, such as "recover".
//
// A section is one instance, wherever and however often it is named: a limiter that is around two apps
// counts their requests together, and an app that is mounted twice has one pool of processes. So is a
// part that is named without a section, for each file. Another instance is another section, by use. What
// is inherited from is not made by that.
//
// # The server
//
// [server] in the file that is served says how, for a program that asks Site.Server, as the command weir
// does. All keys may be left out:
//
//	[server]
//	listen = ["127.0.0.1:8080"]  # also ":443", "unix:/run/weir.sock", "systemd", "systemd:NAME"
//	h2c = false                  # HTTP/2 without TLS, too
//	read-header-timeout = "10s"  # for the head of a request; "0s" is none, here and below
//	read-timeout = "0s"          # for all of a request: uploads take their time
//	write-timeout = "0s"         # for the response: event streams live long
//	idle-timeout = "2m"          # between the requests of a connection
//	shutdown-timeout = "10s"     # for requests in flight when the program ends
//	max-header = "64KiB"         # of the head of a request, in bytes
//
//	[server.tls]
//	cert = "cert.pem"            # a file with the certificate and those above it
//	key = "key.pem"              # a file with its key; both are read again when they change
//	min-version = "1.2"          # or "1.3"
//
//	[server.acme]                # certificates by ACME, in place of server.tls
//	hosts = ["example.org"]      # the names that they are for
//	cache = "certificates"       # the folder that keeps them
//	email = ""                   # of who is told of trouble with them
//	directory = "https://…"      # of the authority; without it, that of Let's Encrypt
//	ca = ""                      # a file with roots to trust the directory by, instead of the system's
//
//	[server.admin]
//	listen = ""                  # a loopback address or "unix:…"; empty: none
//	pprof = false                # the profiles of net/http/pprof there
//
//	[server.log]
//	format = "text"              # or "json"
//	level = "info"               # what is below it is not logged
//	output = "stderr"            # or "stdout", or a file to append to
//
// The values of listen, read-header-timeout to max-header, min-version, pprof and those of server.log are
// the defaults; cert, key, hosts and cache have to be there if their sections are. "systemd" is all sockets
// that systemd hands over (LISTEN_FDS), "systemd:NAME" those of one FileDescriptorName. In a file that
// another one refers to, [server] is a warning.
//
// # Reading a site again
//
// Open returns a handler, a Live, that serves the site of a file, and whose Reload reads the file again:
//
//   - It compares what all files say that the site was read from, those of { file = "path" } among them. If
//     nothing has changed, byte for byte, nothing happens.
//   - If there is anything wrong, the site stays as it is, and the error says all of it, as Load does.
//   - Otherwise it builds the new site whole, and then gives it all new requests at once. No request is lost.
//   - A request that has begun ends on the site that it began on, an event stream or a WebSocket, too, until
//     its handler returns. The old site is closed when the last one has ended, and its processes with it.
//
// The two sites share nothing, also where their sections are the same: limiters begin anew, and pools of
// processes and of connections are started again when they are needed. What [server] says is not read
// again by this, but when the program starts.
//
// Not compared is what is no file of the site: variables of the environment, which do not change for a
// program that runs, and what applications read themselves, such as programs, modules of Python and the
// files of a dir.
//
// # Values
//
// Durations are written "1m30s", sizes in bytes as a number or "10MiB" (B, kB, MB, GB, KiB, MiB,
// GiB), rates "100/s" (s, min, h) or "unlimited", ranges of addresses "10.0.0.0/8" or as one
// address, levels "info", what SameSite may be "lax", and schemas of access logs "combined". A *rate.Limiter lets through at once what its rate is for a second, and at least
// one. Paths are relative to the folder of the file. NAME=value lists may be tables.
//
// In place of a string there may be { env = "NAME" }, a variable of the environment of the program, and
// { file = "path" }, the content of a file of up to 1 MiB without the line end at its end. In a string,
// ${here} is the folder of the file and ${name} the value of name in its [globals], which may
// use ${here}, but not each other; $${ stands for ${. What is not there is an error.
//
// Functions and objects of options are written thus:
//
//	*slog.Logger                    "web": slog.Default, the records having logger=web
//	func(capture.Sent) slog.Level   "debug": that level for all
//	func(*http.Request) string      "host", "method", "path", "query", "script-name", "user", "header:NAME"; the host
//	                                is rewrite.NamedHost, whatever trust-proxy found out further out
//	func(*http.Request) []slog.Attr a list of these
//	func(*http.Request) int         [{ match = ["/a/"], tokens = 10 }, …], the first that matches; others cost 1
//	func(*http.Request) bool        ["GET /a/", …], patterns of weir.Pattern, a host in which is as mounts compare
//	                                it; { from = ["10.0.0.0/8"] }, addresses
//	                                of the client, rewrite.ClientOf, whom trust-proxy found out further out;
//	                                { peer = … }, those of the other end of the connection, rewrite.PeerOf,
//	                                which may be a proxy; { not = … }
//	func(*capture.Head) bool        ["text/*", …], media types of rewrite.Type
//	filter.Encoding                 "zstd" or "gzip"
//	fs.FS                           the path of a folder
//	io.Writer                       "stdout", "stderr", or the path of a file to append to, which is opened for the
//	                                first line, again when it was moved away, and closed with the site; the line of a
//	                                request that Shutdown cut comes after that, and opens it for itself
//	*template.Template              the path of a file, a template of html/template
//
// # Parts of several
//
// Besides the filters and applications of packages filter, rewrite and mount, by their names in kebab case,
// Builtin has these:
//
//   - mounts, an app: its keys are places, such as "/code/" or "example.org/code/", and their values
//     apps, which are mounted there by mount.At. The longest place that a request is below gets it, one
//     with a host before all without; the port of the request does not count.
//   - patterns, an app: its keys are patterns of http.ServeMux, such as "GET /items/{id}", and their values
//     apps, which get the requests as they are; below "/tracs/{id}/{path_info...}" they are mounted by mount.View.
//   - cascade, an app: apps are asked in their order, as mount.Cascade has it, and limit is how much of a
//     body is kept for the next one.
//   - stack, a filter: filters, outermost first, as one.
//   - when, a filter: filters for the requests that match.
//   - guest, a filter: mount.Guest, at the place that the app has anyway.
//   - user, a filter: name is who is signed in, whoever asks, by rewrite.User; for a site that one person has
//     for themselves, and to try what an application says to somebody.
//   - environ, a filter: its keys are names of variables for mount.Environ.
//   - request-header and response-header, filters: del, set, add and default, in this order.
//
// What there is besides, and which keys it has, Set.Describe and DescribeServer say; the command weir shows it by
// weir filters, and to editors by weir schema.
//
// # Files of PasteDeploy
//
// A file whose name ends in .ini, .cfg or .conf is read as one of PasteDeploy: app, composite, filter,
// filter-app and pipeline sections, use, config:, get, set for the section itself, filter-with, %(name)s
// and %(here)s, and of Paste urlmap, cascade and static. Names of parts may stand there, too: use = compress.
// Values are strings, lists their words, or their lines if there are several. A key of a section wins over
// [DEFAULT], where PasteDeploy drops it; keys that override others are never lost; a section is one
// instance. Of [server:main], host and port, or listen, are where to listen; its use and all else that it
// says are a warning. Sections without a colon, such as [loggers], are left alone.
//
// What an egg, a call or a paste.app_factory makes runs in Python: the section, with all of Python that it
// names, is a mount.WSGI whose app is that section, by PasteDeploy itself, which has to be installed. Where
// it drops a key for that of [DEFAULT], that is a warning. So a pipeline may be all of Python or have none.
// A filter of Python around something else is an error that says what to write instead. For another
// interpreter or more processes, write TOML with app = "config:site.ini#NAME", or put a mount.WSGI with
// these as defaults into the set.
//
// # Errors
//
// Load reports all that is wrong, in all files, at once: an Error has the file, line, column, section, what
// is wrong and often what to write instead. After an error of the syntax it goes on with the next section,
// but says no longer what is missing, as that may stand where it could not read. Sections that nothing
// refers to are checked, too, except for keys that they miss. What only a constructor can tell, Build
// reports in the same way: its panic is an error at the key that it speaks of.
package deploy

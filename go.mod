module github.com/weirhttp/weir

go 1.26.0

require (
	github.com/justinas/alice v1.2.0
	github.com/klauspost/compress v1.20.3
	golang.org/x/crypto v0.59.0
	golang.org/x/time v0.16.0
)

require github.com/pelletier/go-toml/v2 v2.4.3

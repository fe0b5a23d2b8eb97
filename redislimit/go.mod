module github.com/weirhttp/weir/redislimit

go 1.26.0

replace github.com/weirhttp/weir => ../

require (
	github.com/redis/go-redis/v9 v9.23.0
	github.com/weirhttp/weir v0.0.0-00010101000000-000000000000
	golang.org/x/time v0.16.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

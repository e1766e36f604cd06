// Both services of the Go reference in one program: `reference api` and `reference worker`.
package main

import (
	"os"

	"github.com/gomodule/redigo/redis"
)

func dial() (redis.Conn, error) {
	return redis.Dial("tcp", os.Getenv("REDIS_HOST")+":"+os.Getenv("REDIS_PORT"),
		redis.DialPassword(os.Getenv("REDIS_PASSWORD")))
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		work()
	} else {
		serve()
	}
}

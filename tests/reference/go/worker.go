// The worker of the classic application: what is published on `insert` is computed.
package main

import (
	"log"
	"math/big"
	"strconv"

	"github.com/gomodule/redigo/redis"
)

// f(0) = f(1) = 1.
func fib(index int) *big.Int {
	a, b := big.NewInt(1), big.NewInt(1)
	for i := 1; i < index; i++ {
		a.Add(a, b)
		a, b = b, a
	}
	return b
}

func compute(pool *redis.Pool, message string) {
	index, err := strconv.Atoi(message)
	if err != nil {
		log.Print(err)
		return
	}
	conn := pool.Get()
	defer conn.Close()
	if _, err := conn.Do("HSET", "values", message, fib(index).String()); err != nil {
		log.Print(err)
	}
}

func work() {
	pool := &redis.Pool{MaxIdle: 4, Dial: dial}
	conn := pool.Get()
	defer conn.Close()
	sub := redis.PubSubConn{Conn: conn}
	if err := sub.Subscribe("insert"); err != nil {
		log.Fatal(err)
	}
	for {
		switch m := sub.Receive().(type) {
		case redis.Message:
			compute(pool, string(m.Data))
		case error:
			log.Fatal(m)
		}
	}
}

// The API of the classic application, as one writes it with Go's own net/http, pgx and redigo.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v4/pgxpool"
)

type row struct {
	Number int `json:"number"`
}

type server struct {
	pg    *pgxpool.Pool
	redis *redis.Pool
	limit int
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

func (s *server) rows(ctx context.Context) ([]row, error) {
	list := []row{}
	found, err := s.pg.Query(ctx, "SELECT number FROM values")
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var r row
		if err := found.Scan(&r.Number); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, found.Err()
}

func (s *server) all(w http.ResponseWriter, r *http.Request) {
	list, err := s.rows(r.Context())
	answer(w, list, err)
}

func (s *server) current(w http.ResponseWriter, r *http.Request) {
	conn := s.redis.Get()
	defer conn.Close()
	values, err := redis.StringMap(conn.Do("HGETALL", "values"))
	answer(w, values, err)
}

func (s *server) store(ctx context.Context, index int) error {
	conn := s.redis.Get()
	defer conn.Close()
	conn.Send("HSET", "values", index, "Nothing yet!")
	conn.Send("PUBLISH", "insert", index)
	if _, err := conn.Do(""); err != nil {
		return err
	}
	_, err := s.pg.Exec(ctx, "INSERT INTO values(number) VALUES($1)", index)
	return err
}

func (s *server) post(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Index json.Number `json:"index"`
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	index, bad := strconv.Atoi(body.Index.String())
	if err != nil || bad != nil {
		http.Error(w, "Not an index", http.StatusUnprocessableEntity)
		return
	}
	if index > s.limit {
		http.Error(w, "Index too high", http.StatusUnprocessableEntity)
		return
	}
	answer(w, map[string]bool{"working": true}, s.store(r.Context(), index))
}

func serve() {
	ctx := context.Background()
	pg, err := pgxpool.Connect(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := pg.Exec(ctx, "CREATE TABLE IF NOT EXISTS values (number INT)"); err != nil {
		log.Fatal(err)
	}
	limit, _ := strconv.Atoi(os.Getenv("MAX_INDEX"))
	s := &server{pg, &redis.Pool{MaxIdle: 64, Dial: dial}, limit}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("Hi")) })
	mux.HandleFunc("/values/all", s.all)
	mux.HandleFunc("/values/current", s.current)
	mux.HandleFunc("/values", s.post)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}

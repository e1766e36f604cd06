// The worker of the classic application: what is published on `insert` is computed.
import { createClient } from 'redis'

const redis = createClient({
  username: process.env.REDIS_USERNAME,
  password: process.env.REDIS_PASSWORD,
  socket: { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT) },
})
const sub = redis.duplicate()
for (const client of [redis, sub]) client.on('error', (e) => console.error('Redis:', e.message))

// f(0) = f(1) = 1. The original recurses, which is why it stops at 40.
function fib(index) {
  let [a, b] = [1n, 1n]
  for (let i = 1; i < index; i++) [a, b] = [b, a + b]
  return b
}

await redis.connect()
await sub.connect()
await sub.subscribe('insert', (message) => {
  redis.hSet('values', message, String(fib(parseInt(message))))
})
console.log('listening')

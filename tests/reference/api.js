// The API of the classic application, as one writes it with Express: the contract, and no more.
import cors from 'cors'
import express from 'express'
import pg from 'pg'
import { createClient } from 'redis'

const limit = Number(process.env.MAX_INDEX ?? 40)
const app = express()
app.use(cors())
app.use(express.json())

// Host, port, user and password are in PG*.
const pool = new pg.Pool()
pool.on('error', (e) => console.error('PostgreSQL:', e.message))

const redis = createClient({
  username: process.env.REDIS_USERNAME,
  password: process.env.REDIS_PASSWORD,
  socket: { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT) },
})
redis.on('error', (e) => console.error('Redis:', e.message))

app.get('/', (req, res) => {
  res.send('Hi')
})

app.get('/values/all', async (req, res) => {
  const { rows } = await pool.query('SELECT number FROM values')
  res.send(rows)
})

app.get('/values/current', async (req, res) => {
  res.send(await redis.hGetAll('values'))
})

app.post('/values', async (req, res) => {
  const { index } = req.body
  if (parseInt(index) > limit) return res.status(422).send('Index too high')
  await redis.hSet('values', index, 'Nothing yet!')
  await redis.publish('insert', String(index))
  await pool.query('INSERT INTO values(number) VALUES($1)', [index])
  res.send({ working: true })
})

await redis.connect()
await pool.query('CREATE TABLE IF NOT EXISTS values (number INT)')
app.listen(Number(process.env.PORT ?? 5000), () => console.log('listening'))

// The form of the classic application: it knows the contract, asks again while a value is missing,
// and nothing else.
import { useCallback, useEffect, useState } from 'react'

async function get(path) {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response.json()
}

export default function Fib() {
  const [seen, setSeen] = useState([])
  const [values, setValues] = useState({})
  const [index, setIndex] = useState('')
  const [error, setError] = useState('')

  const load = useCallback(async () => {
    setSeen(await get('/api/values/all'))
    setValues(await get('/api/values/current'))
  }, [])
  useEffect(() => void load(), [load])
  useEffect(() => {
    const waits = seen.some(({ number }) => !/^\d+$/.test(values[number]))
    const timer = waits && setTimeout(load, 100)
    return () => clearTimeout(timer)
  }, [seen, values, load])

  async function submit(event) {
    event.preventDefault()
    const response = await fetch('/api/values', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ index }),
    })
    setError(response.ok ? '' : await response.text())
    setIndex('')
    await load()
  }

  return (
    <div>
      <form onSubmit={submit}>
        <label htmlFor="index">Enter your index:</label>
        <input id="index" value={index} onChange={(event) => setIndex(event.target.value)} />
        <button>Submit</button>
        <p id="error">{error}</p>
      </form>
      <h3>Indexes I have seen:</h3>
      <p id="seen">{seen.map(({ number }) => number).join(', ')}</p>
      <h3>Calculated values:</h3>
      {Object.keys(values).map((key) => (
        <div className="value" key={key}>
          For index {key} I calculated {values[key]}
        </div>
      ))}
    </div>
  )
}

import { createRoot } from 'react-dom/client'
import { Link, useRoute } from '../src/route.jsx'
import Fib from './Fib.jsx'

function OtherPage() {
  return (
    <div>
      <h1>Some other page</h1>
      <Link to="/">Go back home</Link>
    </div>
  )
}

function App() {
  const route = useRoute()
  return (
    <>
      <header>
        <Link to="/">Home</Link> <Link to="/otherpage">Other page</Link>
      </header>
      {route === '/otherpage' ? <OtherPage /> : <Fib />}
    </>
  )
}

createRoot(document.getElementById('root')).render(<App />)

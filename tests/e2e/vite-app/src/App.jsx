import { lazy, Suspense, useState } from 'react'
import { Link, useRoute } from './route.jsx'
import square from './square.svg?no-inline'
import inlined from './square.svg?inline'

const About = lazy(() => import('./About.jsx'))

function Home() {
  const [count, setCount] = useState(0)
  return (
    <>
      <h1>Home</h1>
      <img id="file" src={square} alt="a file" />
      <img id="inlined" src={inlined} alt="in the script" />
      <button onClick={() => setCount(count + 1)} style={{ fontWeight: 700 }}>
        pressed {count}
      </button>
    </>
  )
}

function NotFound({ route }) {
  return <h1>No view for {route}</h1>
}

function View({ route }) {
  switch (route) {
    case '/':
      return <Home />
    case '/about':
      return <About />
    default:
      return <NotFound route={route} />
  }
}

export default function App() {
  const route = useRoute()
  return (
    <>
      <nav>
        <Link to="/">Home</Link> <Link to="/about">About</Link>
      </nav>
      <main>
        <Suspense fallback={<p>Loading</p>}>
          <View route={route} />
        </Suspense>
      </main>
    </>
  )
}

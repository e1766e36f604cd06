import './About.css'

export default function About() {
  return (
    <>
      <h1>About</h1>
      <p className="lazy">This view and its style came when they were asked for.</p>
    </>
  )
}

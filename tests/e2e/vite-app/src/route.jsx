import { useSyncExternalStore } from 'react'

const moved = new EventTarget()

function subscribe(changed) {
  addEventListener('popstate', changed)
  moved.addEventListener('moved', changed)
  return () => {
    removeEventListener('popstate', changed)
    moved.removeEventListener('moved', changed)
  }
}

export function useRoute() {
  return useSyncExternalStore(subscribe, () => location.pathname)
}

export function Link({ to, children }) {
  function go(event) {
    event.preventDefault()
    history.pushState(null, '', to)
    moved.dispatchEvent(new Event('moved'))
  }
  return (
    <a href={to} onClick={go}>
      {children}
    </a>
  )
}

import '@fontsource-variable/inter/wght.css'
import './theme/base.css'
import './theme/controls.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queries } from './actions/queries'
import { router } from './routes'
import { chooseLanguage, language } from './text'

async function start(): Promise<void> {
  await chooseLanguage(navigator.languages)
  document.documentElement.lang = language
  const place = document.getElementById('panel')
  if (!place) return
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}

void start()

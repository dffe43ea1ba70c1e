import { Content } from '@backstage/core-components'
import { createFrontendPlugin, fetchApiRef, PageBlueprint, useApi } from '@backstage/frontend-plugin-api'
import { Button, TextField, Typography } from '@material-ui/core'
import NotesIcon from '@material-ui/icons/Notes'
import { RequireRole } from '@stagedoor/backstage-plugin-app-module-stagedoor'
import { type FormEvent, useState } from 'react'

/** A form like any plugin's: it sends what was typed to a backend through Backstage's fetch API, and knows no Stagedoor. */
export function NotesPage() {
  const fetchApi = useApi(fetchApiRef)
  const [text, setText] = useState('')
  const [result, setResult] = useState('')

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault()
    setResult('Sending …')
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify({ text }) }
    const response = await fetchApi.fetch('plugin://demo/notes', init)
    setResult(response.ok ? `Saved “${(await response.json()).text}”` : `Not saved: ${response.status}`)
  }

  const failed = (error: unknown) => setResult(`Not saved: ${error instanceof Error ? error.message : String(error)}`)
  return (
    <Content>
      <form onSubmit={(event) => void send(event).catch(failed)}>
        <TextField
          id="note"
          label="Note"
          value={text}
          onChange={(event) => setText(event.target.value)}
          fullWidth
          multiline
        />
        <p>
          <Button type="submit" variant="contained" color="primary">
            Save
          </Button>
        </p>
      </form>
      <Typography data-testid="note-result">{result}</Typography>
      <RequireRole role="platform-admin" fallback={<Typography>Platform admins see more here.</Typography>}>
        <Typography>Notes are kept until Backstage restarts.</Typography>
      </RequireRole>
    </Content>
  )
}

const page = PageBlueprint.make({
  params: { path: '/notes', title: 'Notes', icon: <NotesIcon />, loader: async () => <NotesPage /> },
})

export const notesPlugin = createFrontendPlugin({ pluginId: 'notes', extensions: [page] })

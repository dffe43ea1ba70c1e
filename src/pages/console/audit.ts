// This folder: the pages of the console.

import { eventNames } from '../../audit/record-schema.ts'
import type { Examination } from '../../audit/search-and-verify.ts'
import { counted } from '../../config/values/quantities.ts'
import { type Html, html } from '../html.ts'
import type { Page } from '../layout.ts'
import { consolePage } from './frame.ts'
import { recordTable } from './records.ts'

/** The fields of the filter form, as entered. */
export type AuditQuestion = Partial<Record<'person' | 'event' | 'class' | 'outcome' | 'since' | 'until', string>>

/** Undefined if the trail is not written to a file; an error if the file cannot be read. */
type Answer = Examination | Error | undefined

/** Events that the form offers. Checkpoints are left out: they only serve to verify the trail. */
const events = eventNames.filter((name) => name !== 'checkpoint')
const shownFaults = 20

/** Shows a search of the trail in the file, and whether the trail is complete and unchanged. */
export function auditPage(question: AuditQuestion, examination: Answer, base: string): Page {
  return consolePage('audit', html`${form(question, base)} ${answer(examination, base)}`, base)
}

function form({ person, event, class: kind, outcome, since, until }: AuditQuestion, base: string): Html {
  const option = (value: string, label: string, chosen = '') =>
    html`<option value="${value}"${value === chosen ? html` selected` : undefined}>${label}</option>`
  return html`<form class="filter" method="get" action="${base}/audit">
    <label>Person or client <input name="person" value="${person}" /></label>
    <label>Event <select name="event">${[option('', 'any', event), ...events.map((name) => option(name, name, event))]}</select></label>
    <label>Class <input name="class" value="${kind}" size="14" /></label>
    <label>Outcome <select name="outcome">${[option('', 'any', outcome), option('allow', 'allowed', outcome), option('deny', 'refused', outcome)]}</select></label>
    <label>Since <input name="since" value="${since}" size="12" placeholder="24h" /></label>
    <label>Until <input name="until" value="${until}" size="12" placeholder="2026-01-31" /></label>
    <button class="button primary">Search</button>
  </form>`
}

function answer(examination: Answer, base: string): Html {
  if (examination === undefined) {
    return html`<p>The trail is not in a file: <code>audit.sinks</code> has no file sink. The last records of this process are at
      <a href="${base}/decisions">Decisions</a>.</p>`
  }
  if (examination instanceof Error) {
    return html`<p role="alert" class="bad">✗ The trail cannot be read, so its state is unknown: ${examination.message}.</p>
      <p>Records are written all the same, unless <a href="${base}/">Overview</a> says otherwise. Let the user that runs Stagedoor
      read the file, or put it back; the last records of this process are at <a href="${base}/decisions">Decisions</a>.</p>`
  }
  const { records, found } = examination
  const count = found === records.length ? `${found} found` : `${found} found; these are the last ${records.length}`
  return html`${verification(examination)}
    <h2>Records</h2>
    <p class="soft">${count}</p>
    ${recordTable(records, base)}`
}

function verification({ verdict, files, leftOut }: Examination): Html {
  const { records, writers, checkpoints, faults, notes } = verdict
  const seen = `${counted(records, 'record')} of ${counted(writers, 'writer')}, ${counted(checkpoints, 'signed checkpoint')}`
  const state =
    faults.length === 0
      ? html`<p role="status" class="good">✓ The trail is whole: ${seen}.</p>`
      : html`<p role="alert" class="bad">✗ The trail is not whole: ${counted(faults.length, 'fault')} in ${seen}.</p>`
  const more = faults.length > shownFaults ? html`<li>and ${faults.length - shownFaults} more</li>` : undefined
  return html`<h2>Verification</h2>
    ${state}
    ${faults.length === 0 ? undefined : html`<ul class="bad">${faults.slice(0, shownFaults).map(faultItem)}${more}</ul>`}
    <p class="soft">Read: ${files.join(', ')}. ${leftOut.length === 0 ? '' : `Skipped, because they are too long: ${leftOut.join(', ')}; stagedoor audit verify reads them.`}
      ${notes.map((note) => html`<br />${note}`)}</p>`
}

function faultItem({ place, text }: Examination['verdict']['faults'][number]): Html {
  return html`<li><code>${place}</code> ${text}</li>`
}

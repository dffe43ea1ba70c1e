import { Argument, type Command as CommanderCommand } from 'commander'

import type { CommandContext } from './command-context.ts'
import { Command } from './command.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/**
 * A script that completes `stagedoor` in a shell. It contains all words, because starting a process for each completion would be
 * too slow.
 */
export function completionScript(shell: Shell, places: readonly Place[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](places)
}

/** If no word matches, or after an option that takes a value, bash completes file names. */
function bashScript(places: readonly Place[]): string {
  return `# For this shell: eval "$(stagedoor completion bash)"
_stagedoor() {
  local at= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${commandPatterns(places)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at|\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${valuePatterns(places)}) COMPREPLY=(); return ;;
  esac
  case "$at" in
${places
  .map(
    (place) =>
      `    ${quoted(place.at)}) words=${quoted(
        wordsOf(place)
          .map(({ name }) => name)
          .join(' '),
      )} ;;`,
  )
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _stagedoor stagedoor
`
}

function zshScript(places: readonly Place[]): string {
  const candidates = (place: Place) => wordsOf(place).map((word) => quoted(`${word.name}:${word.description}`))
  return `#compdef stagedoor
# For this shell, after compinit: eval "$(stagedoor completion zsh)"
_stagedoor() {
  local at= i
  local -a candidates
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
      ${commandPatterns(places)}) at="$at $words[i]" ;;
    esac
  done
  case "$at|$words[CURRENT-1]" in
    ${valuePatterns(places)}) _files; return ;;
  esac
  case "$at" in
${places.map((place) => `    ${quoted(place.at)}) candidates=(${candidates(place).join(' ')}) ;;`).join('\n')}
  esac
  _describe stagedoor candidates || _files
}
compdef _stagedoor stagedoor
`
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ at, commands, options }) => {
    const start = `complete -c stagedoor -n ${fishQuoted(`__stagedoor_at ${fishQuoted(at)}`)}`
    return [
      ...commands.map(({ name, description }) => `${start} -f -a ${name} -d ${fishQuoted(description)}`),
      ...options.map(
        ({ name, description, takesValue }) =>
          `${start} -l ${name.replace(/^--/, '')}${takesValue ? ' -r' : ''} -d ${fishQuoted(description)}`,
      ),
    ]
  })
  const patterns = commandPaths(places).map(fishQuoted).join(' ')
  return `# For this shell: stagedoor completion fish | source
function __stagedoor_at
  set -l at
  set -l typed (commandline -opc)
  for word in $typed[2..-1]
    switch "$at $word"
      case ${patterns}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}
`
}

const wordsOf = ({ commands, options }: Place): Word[] => [...commands, ...options]

function commandPaths(places: readonly Place[]): string[] {
  return places.map(({ at }) => at).filter((at) => at !== '')
}

function commandPatterns(places: readonly Place[]): string {
  return commandPaths(places).map(quoted).join('|')
}

/** A shell pattern that matches the options that take a value. */
function valuePatterns(places: readonly Place[]): string {
  const valued = places.flatMap(({ at, options }) =>
    options.flatMap(({ name, short, takesValue }) => {
      const forms = short === undefined ? [name] : [name, short]
      return takesValue ? forms.map((form) => `${at}|${form}`) : []
    }),
  )
  // Shells need a pattern, so the list also contains one that never matches.
  return [...valued, '|'].map(quoted).join('|')
}

/** Quotes for bash and zsh, where no character is special between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}

/** A word that can be completed, with its description. */
type Word = { name: string; description: string }

/** An option; `short` is its form with one dash. */
type OptionWord = Word & { short?: string | undefined; takesValue: boolean }

/**
 * The words that can follow one command: sub-commands or the choices of its argument, and options. `at` is the path of the
 * command, with a space before each name; it is empty for the program itself.
 */
type Place = { at: string; commands: Word[]; options: OptionWord[] }

/** Each command with the words that can follow it, outermost first. */
export function placesIn(command: CommanderCommand, at = ''): Place[] {
  const help = command.createHelp()
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help')
  const choices = command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((name) => ({ name, description })),
  )
  const place: Place = {
    at,
    commands: [...children.map((child) => ({ name: child.name(), description: child.description() })), ...choices],
    options: help.visibleOptions(command).flatMap(({ long, short, description, required, optional }) => {
      return long ? [{ name: long, short, description, takesValue: required || optional }] : []
    }),
  }
  return [place, ...children.flatMap((child) => placesIn(child, `${at} ${child.name()}`))]
}

/** `stagedoor completion`: prints a script for completing commands and options in a shell. */
export function completionCommand({ out }: CommandContext): Command {
  const command = new Command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText('after', '\nbash: eval "$(stagedoor completion bash)"; fish: stagedoor completion fish | source')
  return command.action((shell: Shell) => {
    if (command.parent !== null) out(completionScript(shell, placesIn(command.parent)))
  })
}

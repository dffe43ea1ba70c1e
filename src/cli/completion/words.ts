import type { Command } from 'commander'

/** Something that can be typed, and what it is for. */
export type Word = { name: string; description: string }

/** An option; `short` is its form with one dash. */
export type OptionWord = Word & { short?: string | undefined; takesValue: boolean }

/** What can be typed behind one command: commands, or the choices of its argument, and options. `at` is its path with a space before each name, empty for the program itself. */
export type Place = { at: string; commands: Word[]; options: OptionWord[] }

/** Every command with what may follow it, outermost first. */
export function placesIn(command: Command, at = ''): Place[] {
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

import { type Argument, Command as CommanderCommand, type ErrorOptions, type Option } from 'commander'

/** A command that reports all faults in its arguments, and how to get help. Commander would stop at the first fault. */
export class Command extends CommanderCommand {
  /** Faults found so far; only the root command collects them. */
  readonly #faults: string[] = []

  constructor(name?: string) {
    super(name)
    // At this point all arguments are parsed, and no action has run.
    this.hook('preAction', (_hooked, called) => (called as Command).#report())
  }

  override createCommand(name?: string): Command {
    return new Command(name)
  }

  override addOption(option: Option): this {
    collectRefusals(option, (value, reason) =>
      this.error(`error: option '${option.flags}' argument '${value}' is invalid. ${reason}`),
    )
    return super.addOption(option)
  }

  override addArgument(argument: Argument): this {
    collectRefusals(argument, (value, reason) =>
      this.error(`error: command-argument value '${value}' is invalid for argument '${argument.name()}'. ${reason}`),
    )
    return super.addArgument(argument)
  }

  /** Commander expects this method not to return. It returns nevertheless, so that parsing continues and finds all faults. */
  override error(message: string, { code }: ErrorOptions = {}): never {
    const faults = this.#root().#faults
    faults.push(message)
    if (code === 'commander.unknownOption') faults.push(...this.#otherUnknownOptions())
    // A command with sub-commands has nothing more to parse, and Commander would show its help.
    if (this.commands.length > 0) this.#report()
    return undefined as never
  }

  /** Commander reports only the first unknown option. It leaves operands, further options and their values in `args`. */
  #otherUnknownOptions(): string[] {
    const unknown = this.args.filter((argument) => /^-./.test(argument))
    const others = this.args.filter((argument) => !unknown.includes(argument))
    this.args = this.registeredArguments.some(({ variadic }) => variadic)
      ? others
      : others.slice(0, this.registeredArguments.length)
    return unknown.slice(1).map((flag) => `error: unknown option '${flag}'`)
  }

  #report(): void {
    const faults = this.#root().#faults.splice(0)
    if (faults.length === 0) return
    const help = `(${this.#path()} --help shows the usage)`
    CommanderCommand.prototype.error.call(this.#root(), [...faults, help].join('\n'), { code: 'stagedoor.usage' })
  }

  #root(): Command {
    return this.parent instanceof Command ? this.parent.#root() : this
  }

  #path(): string {
    return this.parent instanceof Command ? `${this.parent.#path()} ${this.name()}` : this.name()
  }
}

/** Adds a value that its parser refuses to the faults, instead of throwing. */
function collectRefusals(
  parsed: { parseArg?: ((value: string, previous: never) => unknown) | undefined },
  refuse: (value: string, reason: string) => void,
): void {
  const { parseArg } = parsed
  if (parseArg === undefined) return
  parsed.parseArg = (value, previous) => {
    try {
      return parseArg(value, previous)
    } catch (error) {
      if (!isRefusal(error)) throw error
      refuse(value, error.message)
      return previous
    }
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'commander.invalidArgument'
}

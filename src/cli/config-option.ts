import { Option } from 'commander'

/** `--config FILE`, as often as there are files. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file; given again, later files override earlier ones')
    .argParser((file: string, files: string[]) => [...files, file])
    .default([], 'config/default.yaml, which takes its values from the environment')
}

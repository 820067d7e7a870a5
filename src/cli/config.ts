/**
 * oclif's configuration, made of our own table: one plugin that lives in memory. Nothing is looked up on disk, neither package.json nor
 * commands nor a theme, so source, npm and the executable behave alike.
 */
import type { Command } from "@oclif/core/command";
import { Config } from "@oclif/core/config";
import type { Plugin } from "@oclif/core/interfaces";
import { version } from "../build.ts";
import type { ZvaultCommand } from "./base.ts";
import { metaOf } from "./help.ts";
import { table } from "./table.ts";

const pjson = { name: "zvault", version, oclif: { bin: "zvault", topicSeparator: " " as const } };

export { startCommand } from "./base.ts";

export async function makeConfig(): Promise<Config> {
  const commands = Object.entries(table).map(([id, load]) => ({
    ...(metaOf(id) as unknown as Command.Cached),
    load: async () => (await load()).default as unknown as Command.Class,
  }));
  const plugin: Plugin = {
    _base: "",
    alias: "zvault",
    commandIDs: Object.keys(table),
    commands,
    commandsDir: undefined,
    findCommand: (id: string) =>
      (table[id]?.() ?? Promise.reject(new Error(id))).then((one) => one.default) as unknown as Promise<Command.Class>,
    hasManifest: false,
    hooks: {},
    isRoot: true,
    load: () => Promise.resolve(),
    moduleType: "module",
    name: "zvault",
    options: { root: "/" },
    pjson,
    root: "/",
    topics: [],
    type: "core",
    valid: true,
    version,
  };
  const config = new Config({ root: "/", pjson, plugins: new Map([["zvault", plugin]]) });
  // a theme.json in the configuration folder could colour, and so hide, what we print
  (config as unknown as { loadTheme: () => Promise<undefined> }).loadTheme = () => Promise.resolve(undefined);
  await config.load();
  return config;
}

export async function loadCommand(config: Config, id: string): Promise<typeof ZvaultCommand> {
  const found = config.findCommand(id, { must: true });
  return (await found.load()) as unknown as typeof ZvaultCommand;
}

/**
 * oclif's configuration, made of our own table: one plugin that lives in memory. Nothing is looked up on disk, neither package.json nor
 * commands nor a theme, so source, npm and the executable behave alike.
 */
import { Config } from "@oclif/core/config";
import type { Plugin } from "@oclif/core/interfaces";
import { version } from "../build.ts";

const pjson = { name: "zvault", version, oclif: { bin: "zvault", topicSeparator: " " as const } };

export { startCommand } from "./base.ts";

/** For a command that is loaded already: it asks nothing about the others. */
export async function makeConfig(): Promise<Config> {
  const plugin: Plugin = {
    _base: "",
    alias: "zvault",
    commandIDs: [],
    commands: [],
    commandsDir: undefined,
    findCommand: (id: string) => Promise.reject(new Error(id)),
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

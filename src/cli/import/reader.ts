/** Which reader of dotenv files a project has, by its own files: to say it with a question, never to decide alone. */
import type { Dialect } from "../../envfile/dialects/reader.ts";
import { readCommitted } from "../files.ts";

const largest = 1024 * 1024;

function text(path: string): string {
  try {
    return Buffer.from(readCommitted(path, largest) ?? []).toString("utf8");
  } catch {
    return ""; // no file of the project's, or not ours to read
  }
}

function dependencies(packageJson: string): string[] {
  try {
    const parsed = JSON.parse(packageJson) as Record<string, unknown>;
    const lists = [parsed["dependencies"], parsed["devDependencies"]];
    return lists.flatMap((list) => (typeof list === "object" && list !== null ? Object.keys(list) : []));
  } catch {
    return []; // a broken package.json is not our matter
  }
}

/** Undefined if nothing says so. */
export function readerOf(folder: string): Dialect | undefined {
  const names = dependencies(text(`${folder}/package.json`));
  if (names.some((name) => name === "next" || name === "@next/env")) return "next";
  const python = ["requirements.txt", "pyproject.toml", "Pipfile"].map((name) => text(`${folder}/${name}`)).join("\n");
  if (/\b(?:python-dotenv|pydantic-settings|flask|fastapi)\b/i.test(python)) return "python";
  if (names.includes("dotenv")) return "node";
  const compose = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
  return compose.some((name) => /^\s*(?:- )?env_file:/m.test(text(`${folder}/${name}`))) ? "compose" : undefined;
}

/** What was left out of a file, in words: the rules of the scanner and of `envfile/cuts.ts`, as a person would say them. */
import type { Option } from "../../envfile/choose.ts";
import type { Dialect } from "../../envfile/dialects/reader.ts";
import type { LeftOut } from "../../envfile/cuts.ts";

const shapes: Record<string, string> = {
  authorization: "a credential in an Authorization header",
  jwt: "a JSON web token",
  "private-key": "a private key",
  "random-text": "a generated key",
  "secret-assignment": "a password",
  "url-password": "a URL with a password",
};
const upper = new Set(["aws", "npm", "pypi", "ai", "api", "id"]);
const brands: Record<string, string> = {
  openai: "OpenAI",
  github: "GitHub",
  gitlab: "GitLab",
  digitalocean: "DigitalOcean",
  huggingface: "HuggingFace",
  sendgrid: "SendGrid",
  posthog: "PostHog",
  newrelic: "NewRelic",
  xai: "xAI",
};

/** `stripe-key` → a Stripe key. */
export function looksLike(rule: string): string {
  const known = shapes[rule];
  if (known !== undefined) return known;
  const words = rule
    .split("-")
    .map(
      (word, at) =>
        brands[word] ?? (upper.has(word) ? word.toUpperCase() : at === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word),
    );
  return `${/^(?:[AEIOaeio]|NPM|xAI)/.test(words[0] ?? "") ? "an" : "a"} ${words.join(" ")}`;
}

/** One line of the plan, below "left out, kept in the vault only". */
export function leftOutText(one: LeftOut): string {
  const { rule, name, looks } = one;
  if (rule === "commented-out assignment") {
    const what = looks === undefined ? "has a value behind it" : `holds what looks like ${looksLike(looks)}`;
    return `the commented-out ${name ?? "assignment"} ${what}`;
  }
  if (rule === "a secret in words") return `a comment holds what looks like a password`;
  if (rule === "neither comment nor assignment") return `this line is neither comment nor assignment`;
  if (rule.startsWith("not read by ")) {
    return rule === "not read by choice" ? `${name ?? "this line"}, as you said` : `${name ?? "this line"} is ${rule}`;
  }
  if (rule === "value that a later line replaces") return `${name ?? "a name"} has another value here, which a later line replaces`;
  if (rule === "text glued to a secret") {
    return `${name ?? "a value"} has a # behind it that other readers take for a part of the value`;
  }
  if (rule === "secret in a name") return `the name holds what looks like a secret`;
  const again = /^holds the value of (.*)$/s.exec(rule)?.[1];
  if (again !== undefined) return `this line repeats the value of ${again}`;
  return `a comment holds what looks like ${looksLike(rule)}`;
}

/** The letter to type, and what it stands for. `used`: the reader that this project has. */
export function optionText(option: Option, used: Dialect | undefined): { letter: string; text: string } {
  const by = option.by.map((one) => (one === used ? `${one}, used here` : one)).join(", ");
  const who = by === "" || by === option.choice ? "" : ` (${by})`;
  if (option.choice === "keep") return { letter: "k", text: `[k]eep expanding${who}` };
  if (option.choice === "leave") return { letter: "l", text: "[l]eave it out" };
  if (option.choice === "node") return { letter: "s", text: `[s]tore the text as it stands${who || " (node)"}` };
  const letter = option.choice.charAt(0);
  return { letter, text: `[${letter}]${option.choice.slice(1)}${who}` };
}

/** The same with the length of the value, for the question itself. */
export function longOptionText(option: Option, used: Dialect | undefined): { letter: string; text: string } {
  const { letter, text } = optionText(option, used);
  const length = `${option.length} ${option.length === 1 ? "character" : "characters"}`;
  return { letter, text: option.choice === "leave" ? text : `${text}: ${length}` };
}

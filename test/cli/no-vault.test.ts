import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("no-vault.txt");

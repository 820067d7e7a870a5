import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("import-again.txt");

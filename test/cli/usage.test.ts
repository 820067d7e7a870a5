import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("usage.txt");

import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("audit.txt");

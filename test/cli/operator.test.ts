import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("operator.txt");

import common from "./common.json";
import create from "./create.json";
import failures from "./failures.json";
import shell from "./shell.json";

/** What the frame and the first page say; the rest comes with its page. */
export default { common, create, failures, shell };

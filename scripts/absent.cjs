/**
 * Stands in for packages that oclif loads and zvault never uses: templates for S3 (ejs), file search for plugins (tinyglobby, minimatch),
 * compiling plugins (typescript), telling WSL apart (wsl-utils). Loading them took as long as the rest of a command.
 */
exports.isWsl = false;
exports.glob =
  exports.globSync =
  exports.minimatch =
  exports.render =
    () => {
      throw new Error("not part of zvault");
    };

// Stands in for VS Code's native log writer, which only a C++ compiler could bring:
// without one, output channels stay empty. Writes each line to its file at once.

const fs = require('node:fs');
const path = require('node:path');

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical', 'off'];

class Logger {
  constructor(file) {
    this.file = file;
    this.level = 2;
    this.plain = false;
    for (const [number, name] of LEVELS.entries()) {
      this[name] = text => this.write(number, name, text);
    }
  }

  write(number, name, text) {
    if (number >= this.level) {
      const head = this.plain ? '' : `${new Date().toISOString()} [${name}] `;
      fs.appendFileSync(this.file, this.plain ? text : `${head}${text}\n`);
    }
  }

  setLevel(level) {
    this.level = level;
  }

  getLevel() {
    return this.level;
  }

  clearFormatters() {
    this.plain = true;
  }

  setPattern() {}
  flush() {}
  drop() {}
}

const create = (_name, file) => {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return new Logger(file);
};

exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.shutdown = () => {};
exports.createRotatingLogger = async (name, file) => create(name, file);
exports.createAsyncRotatingLogger = async (name, file) => create(name, file);

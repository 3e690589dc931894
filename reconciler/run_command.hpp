// Runs a program of the user's, without a shell and within limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "specs/result.hpp"

namespace homeostat {

struct Command {
  std::vector<std::string> words;  // the program first: a path, or a name to be found in PATH
  std::string folder = "/";        // where it runs
  std::string input = {};          // all of its standard input; "": none
  std::chrono::milliseconds time_limit = std::chrono::seconds(30);
  std::size_t output_limit = std::size_t{1} << 20U;  // bytes on its standard output
};

enum class CommandEnd : std::uint8_t { exited, signalled, out_of_time, too_much_output, stopped };

struct CommandResult {
  CommandEnd end = CommandEnd::exited;
  int code = 0;             // the exit code, or the signal's number
  std::string output = {};  // what it said on its standard output, whole where it exited
};

// "exit code 3", "signal 9", "did not end in 30 s", "wrote more than 1024 KiB", "stopped".
[[nodiscard]] std::string to_string(const CommandResult& result, const Command& command);

// In a session of its own: no terminal to ask on, and one group that is killed at a limit, at a
// stop request, and where it left something running behind. What it says on stderr is not kept.
// Error: it cannot be started; of kind `not_found` where there is no such program.
[[nodiscard]] Result<CommandResult> run_command(const Command& command,
                                                const std::stop_token& stop);

}  // namespace homeostat

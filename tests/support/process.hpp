// Runs a program as a user would, and takes what it says.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace homeostat::test {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal where one ended it
  std::string out;
  std::string err;
};

struct ProcessInput {
  std::vector<std::string> command;                     // the program's path first
  std::map<std::string, std::string> environment = {};  // added to ours
  std::string folder = {};                              // "" = where we are
  std::string input = {};                               // its standard input; "" = empty
};

// Waits for its end. Throws std::runtime_error where it cannot be started.
[[nodiscard]] ProcessResult run_process(const ProcessInput& input);

}  // namespace homeostat::test

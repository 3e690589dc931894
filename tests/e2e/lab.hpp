// A homelab of one test: a git repo, live folders inside it, a ledger of its own, and the real
// binary.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

// Lines that were wrapped as one.
[[nodiscard]] std::string flat(const std::string& text);

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The files below a folder that hold a text, names without it.
[[nodiscard]] std::vector<std::string> files_with(const std::string& folder,
                                                  const std::string& text);

class Lab {
 public:
  // With the spec of `small_lab()` committed by Ana.
  Lab();

  // homeostat WORDS..., in the repo's folder, without a terminal and without colour.
  [[nodiscard]] ProcessResult run(const std::vector<std::string>& words) const;
  // The same with a variable set.
  [[nodiscard]] ProcessResult run_with(const std::map<std::string, std::string>& environment,
                                       const std::vector<std::string>& words) const;
  // `apply --yes`, which must leave everything in sync.
  void apply() const;

  void write(const std::string& path, const std::string& text) { repo_.write(path, text); }
  [[nodiscard]] std::string read(const std::string& path) const { return repo_.read(path); }
  [[nodiscard]] static std::string binary();
  [[nodiscard]] bool exists(const std::string& path) const;
  void remove(const std::string& path) { repo_.remove(path); }
  // Replaces the first `from` in a file, which must be there.
  void edit(const std::string& path, const std::string& from, const std::string& to);
  std::string commit(const std::string& message, const std::string& author = "Ana") {
    return repo_.commit(message, author);
  }

  [[nodiscard]] const std::string& folder() const { return repo_.path(); }
  [[nodiscard]] const std::string& state() const { return state_.path(); }  // of all ledgers
  // Every file below a folder with its bytes, for "nothing was written".
  [[nodiscard]] static std::map<std::string, std::string> snapshot(const std::string& folder);

 private:
  TempRepo repo_;
  TempDir state_;
};

}  // namespace homeostat::test

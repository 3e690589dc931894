// A site that the service looks after: a bare repository, somebody's clone of it, live folders, and
// the real program running beside the test.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

class LoopLab {
 public:
  // `policy`: the lines below `policy:`, "{ mode: enforce }". Two records are declared, pushed and
  // trusted; nobody runs yet.
  explicit LoopLab(const std::string& policy = "{ mode: enforce }", const std::string& more = "");
  LoopLab(const LoopLab&) = delete;
  LoopLab& operator=(const LoopLab&) = delete;
  ~LoopLab();  // kills what still runs

  // The machine file's site; `more`: further lines of it, indented by six.
  void machine(const std::string& more = "", const std::string& server = "") const;
  // From the next machine() on: how often git is asked, and how often all is looked at.
  void pace(const std::string& poll, const std::string& interval) {
    poll_ = poll;
    interval_ = interval;
  }
  void set(const std::string& name, const std::string& value) { set_[name] = value; }  // of start()
  void start(const std::vector<std::string>& words = {});
  // SIGTERM; the exit code.
  int stop();
  void kill();  // -9
  void signal(int number) const;
  [[nodiscard]] bool running() const;
  [[nodiscard]] pid_t pid() const { return child_; }  // 0: it was not started, or has ended

  void write(const std::string& path, const std::string& text) { work_.write(path, text); }
  void remove(const std::string& path) { work_.remove(path); }
  std::string push(const std::string& subject);  // commits all; the commit
  std::string git(const std::vector<std::string>& words) const { return work_.git(words); }
  // homeostat WORDS... beside the service, in the scratch folder.
  [[nodiscard]] ProcessResult run(const std::vector<std::string>& words) const;

  // A live record: "" where it is not there.
  [[nodiscard]] std::string live(const std::string& name) const;
  void edit_live(const std::string& name, const std::string& from, const std::string& to) const;
  void remove_live(const std::string& name) const;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string told() const;  // what the notifier `book` was given, a line each
  [[nodiscard]] const std::string& work() const { return work_.path(); }  // the clone
  [[nodiscard]] const std::string& scratch() const { return dir_.path(); }
  [[nodiscard]] std::string origin() const { return dir_.path() + "/origin.git"; }

  // Until it holds; false after half a minute.
  [[nodiscard]] static bool soon(const std::function<bool()>& holds);

 private:
  [[nodiscard]] std::map<std::string, std::string> environment() const;
  TempRepo work_;
  TempDir dir_;
  std::string poll_ = "1s", interval_ = "2s";
  std::map<std::string, std::string> set_;
  pid_t child_ = 0;
};

}  // namespace homeostat::test

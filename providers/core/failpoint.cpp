#include "providers/core/failpoint.hpp"

#ifdef HOMEOSTAT_FAILPOINTS

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace homeostat {
namespace {

// What the environment asks for, read once.
struct Wish {
  std::string name;
  int count = 1;
  int log = -1;

  Wish() {
    const char* wanted = std::getenv("HOMEOSTAT_FAILPOINT");  // NOLINT(concurrency-mt-unsafe)
    if (wanted != nullptr) {
      name = wanted;
      const auto colon = name.find(':');
      if (colon != std::string::npos) {
        std::from_chars(name.data() + colon + 1, name.data() + name.size(), count);
        name.resize(colon);
      }
    }
    const char* file = std::getenv("HOMEOSTAT_FAILPOINT_LOG");  // NOLINT(concurrency-mt-unsafe)
    if (file != nullptr) log = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
};

}  // namespace

void failpoint(const char* name) {
  static const Wish wish;
  static std::atomic<int> passed = 0;
  if (wish.log >= 0) {
    const std::string line = std::string(name) + "\n";
    [[maybe_unused]] const auto written = ::write(wish.log, line.data(), line.size());
  }
  if (wish.name == name && ++passed == wish.count) std::raise(SIGKILL);
}

}  // namespace homeostat

#endif

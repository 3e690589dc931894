#include "reconciler/private_memory.hpp"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace homeostat;

TEST_CASE("private memory: no core dump, and nobody of the same user may look in") {
  REQUIRE(::prctl(PR_GET_DUMPABLE) == 1);  // else what follows shows nothing
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    keep_memory_private();
    rlimit limit{.rlim_cur = 1, .rlim_max = 1};
    const bool read = ::getrlimit(RLIMIT_CORE, &limit) == 0;
    const bool none = limit.rlim_cur == 0 && limit.rlim_max == 0;
    ::_exit(read && none && ::prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

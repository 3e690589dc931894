#include "reconciler/private_memory.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace homeostat {

// Neither call can fail: a limit may always be lowered, and the flag's value is a known one.
void keep_memory_private() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace homeostat

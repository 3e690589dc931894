#include "reconciler/cli/heap.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace homeostat::cli {

void prepare_heap() {
  constexpr std::size_t area_bytes = std::size_t{64} << 20U;
  constexpr std::size_t first_bytes = std::size_t{1} << 20U;
  // A malloc that is not glibc's (a sanitizer's, a preloaded one) refuses the first of them.
  const bool ours = ::mallopt(M_ARENA_MAX, 1) == 1 &&
                    ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(2 * first_bytes)) == 1 &&
                    ::mallopt(M_TOP_PAD, static_cast<int>(area_bytes)) == 1;
  if (!ours) return;
  // It is not there yet, so the heap grows by the whole area. Unused, it would be optimised away.
  auto* const first = static_cast<volatile char*>(std::malloc(first_bytes));
  if (first == nullptr) return;
  *first = 0;
  std::free(const_cast<char*>(first));
  auto* end = static_cast<char*>(::sbrk(0));
  end -=
      reinterpret_cast<std::uintptr_t>(end) % static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  (void)::madvise(end - area_bytes, area_bytes, MADV_HUGEPAGE);
}

}  // namespace homeostat::cli

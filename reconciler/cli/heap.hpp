// How the process gets its memory from the kernel.
#pragma once

namespace homeostat::cli {

// For the start of main. A large plan touches tens of megabytes for some tenths of a second, and
// spent a tenth of that on getting them page by page. So all threads share one heap, which lies in
// one area that the kernel may back with huge pages; only what is touched takes memory. Where that
// cannot be had, everything is as it was.
void prepare_heap();

}  // namespace homeostat::cli

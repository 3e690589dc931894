// Secrets live in this process: its memory goes nowhere else.
#pragma once

namespace homeostat {

// No core dump, and no other process of the same user may attach or read /proc/<pid>/mem. For the
// start of main, before any secret is read. Programs started from here write no core either.
void keep_memory_private();

}  // namespace homeostat

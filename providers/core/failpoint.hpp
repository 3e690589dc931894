// Places where a test may kill the process, to see what the next run makes of it. They are there in
// builds with the option HOMEOSTAT_FAILPOINTS, in the sources that CMake names, and nothing at all
// in what users run.
#pragma once

namespace homeostat {

#ifdef HOMEOSTAT_FAILPOINTS
// HOMEOSTAT_FAILPOINT=executor.before_result:3 ends the process by SIGKILL when it comes here for
// the third time. HOMEOSTAT_FAILPOINT_LOG=FILE: the name of each place passed, a line each.
void failpoint(const char* name);
#else
inline void failpoint(const char* /*name*/) {}
#endif

}  // namespace homeostat

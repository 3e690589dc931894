// What the address sanitizer need not tell of, in the program itself: libgit2 1.5 forgets what it
// asked libpcre2 for when an url does not match (git_regexp_match and git_regexp_search).
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl37-c,cert-dcl51-cpp)
extern "C" const char* __lsan_default_suppressions();
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl37-c,cert-dcl51-cpp)
extern "C" const char* __lsan_default_suppressions() { return "leak:libpcre2\n"; }
// It would tell of those that it leaves out.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl37-c,cert-dcl51-cpp)
extern "C" const char* __lsan_default_options();
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl37-c,cert-dcl51-cpp)
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }

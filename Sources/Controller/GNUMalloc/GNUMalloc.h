// mallopt and malloc_trim, which Swift's Glibc module leaves out. There is no such header elsewhere.
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

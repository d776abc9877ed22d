// Declares what it needs itself and includes nothing: a module that draws in the system's headers beside Swift's own Glibc
// and NIO's can see their types defined twice, in two ways, and which of them wins depends on the order of the build.
#ifndef C_PROCESS_MEMORY_H
#define C_PROCESS_MEMORY_H

/// Lets the allocator keep at most so many heaps, instead of one for each thread, and give the end of one back at 256 KiB.
void process_memory_limit_heaps(int heaps);

/// Gives back what was freed, and takes the code and the constants of the program and its libraries out of memory. What is
/// used again is read again, from the page cache as a rule; what only the start needed stays away. A debugger's breakpoints
/// go as well: it has to set them again.
void process_memory_give_back(void);

#endif

#pragma once

/// Starts counting the allocations of the calling thread.
void allocation_counter_start(void);

/// Stops counting; how many allocations there were since the start, or -1 where the system's cannot be counted.
long allocation_counter_stop(void);

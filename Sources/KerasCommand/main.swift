CommandLineRun.main()

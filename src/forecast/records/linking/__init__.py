"""Link the nominals of a force into persons with stable ids; names are used here and go no further."""

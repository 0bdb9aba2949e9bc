"""Drop: the pieces of a sync that put files onto SFTP servers; light."""

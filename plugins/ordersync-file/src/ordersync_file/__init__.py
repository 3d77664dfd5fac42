from ordersync_file.connector import FileConnector as FileConnector

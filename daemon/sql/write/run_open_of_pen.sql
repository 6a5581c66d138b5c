SELECT log FROM run WHERE state = 0 AND pen = :pen

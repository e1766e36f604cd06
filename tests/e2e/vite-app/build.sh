# Two applications: this one into dist, and the course's in course/ into dist-course.
node_modules/.bin/vite build
node_modules/.bin/vite build course --config vite.config.js --outDir ../dist-course

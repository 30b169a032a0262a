mod bombs;
mod forge;
mod heif;
mod pictures;
mod sound;
